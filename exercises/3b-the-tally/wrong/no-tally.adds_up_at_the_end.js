"use strict";
// Exercise 3b. Wrong: it adds up by itself, and sets the counter once.

const { get, main, tellError, tellPage } = require("./plumbing.js");

async function crawl(targets) {
  await Promise.all(targets.map(fetchOne));
  const path = `/counter/tally?set=${sum}`;
  await get({ ...targets[0], path });
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

let sum = 0;

async function add(target, bytes) {
  sum += bytes;
}

main(crawl);
