"use strict";
// Exercise 3b. All pages at once, and one update of the counter after the
// other: an update begins when the one before it has ended.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  await Promise.all(targets.map(fetchOne));
}

async function fetchOne(target) {
  const started = performance.now();
  try {
    const page = await get(target);
    await add(target, page.body.length);
    tellPage(target, started, page);
  } catch (error) {
    tellError(target, started, "io", error.message);
  }
}

let lastUpdate = Promise.resolve();

// Adds to the counter when all updates before this one have ended.
function add(target, bytes) {
  const update = lastUpdate.then(() => addNow(target, bytes));
  lastUpdate = update.catch(() => {}); // a failed one stops no other one
  return update;
}

// Adds to the counter: reads it, and sets it.
async function addNow(target, bytes) {
  const counter = { ...target, path: "/counter/tally" };
  const sum = Number((await get(counter)).body);
  await get({ ...counter, path: `/counter/tally?set=${sum + bytes}` });
}

main(crawl);
