"use strict";
// Exercise 9b. It fetches all pages at once, and tells of them in the order
// of the list.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  const fetches = targets.map(fetchOne);
  for (const each of fetches) tell(await each);
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
