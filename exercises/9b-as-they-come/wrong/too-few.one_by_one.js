"use strict";
// Exercise 9b. Wrong: the pages come in the order of the list, because each
// fetch begins when the one before it has ended.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  for (const target of targets) tell(await fetchOne(target));
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
