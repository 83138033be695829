"use strict";
// Exercise 9b. Each fetch tells its page when it is there. The order of the list
// does not matter.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  await Promise.all(
    targets.map(async (target) => tell(await fetchOne(target))),
  );
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
