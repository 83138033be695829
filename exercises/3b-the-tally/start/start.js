"use strict";
// Exercise 3b. All pages at once, and each adds its bytes to a number that
// all share: the site's counter /counter/tally. Some of them get lost.

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

// Adds to the counter: reads it, and sets it.
async function add(target, bytes) {
  const counter = { ...target, path: "/counter/tally" };
  const sum = Number((await get(counter)).body);
  await get({ ...counter, path: `/counter/tally?set=${sum + bytes}` });
}

main(crawl);
