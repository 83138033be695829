"use strict";
// Exercise 3b. Wrong: the fetches wait for each other, too.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  for (const target of targets) await fetchOne(target);
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

// Adds to the counter: reads it, and sets it.
async function add(target, bytes) {
  const counter = { ...target, path: "/counter/tally" };
  const sum = Number((await get(counter)).body);
  await get({ ...counter, path: `/counter/tally?set=${sum + bytes}` });
}

main(crawl);
