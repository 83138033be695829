"use strict";
// Exercise 3b. Wrong: between the look at the flag and its setting, other tasks
// look at it, too.

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

let busy = false;

async function add(target, bytes) {
  while (busy) await new Promise((resolve) => setTimeout(resolve, 1));
  const counter = { ...target, path: "/counter/tally" };
  const sum = Number((await get(counter)).body);
  busy = true;
  await get({ ...counter, path: `/counter/tally?set=${sum + bytes}` });
  busy = false;
}

main(crawl);
