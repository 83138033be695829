"use strict";
// Exercise 9b. Wrong: it notes the pages as they come, and tells of them when
// the last one is there.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  const results = [];
  const fetches = targets.map(async (target) => {
    results.push(await fetchOne(target));
  });
  await Promise.all(fetches);
  for (const result of results) tell(result);
}

function tell({ target, started, page, error }) {
  if (error) tellError(target, started, "io", error.message);
  else tellPage(target, started, page);
}

// Fetches one target: which one, since when, and a page or an error.
async function fetchOne(target) {
  const started = performance.now();
  try {
    return { target, started, page: await get(target) };
  } catch (error) {
    return { target, started, error };
  }
}

main(crawl);
