"use strict";
// Exercise 3b. Wrong: only the writes wait for each other.

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

async function add(target, bytes) {
  const counter = { ...target, path: "/counter/tally" };
  const sum = Number((await get(counter)).body);
  const path = `/counter/tally?set=${sum + bytes}`;
  lastUpdate = lastUpdate.then(() => get({ ...counter, path }));
  await lastUpdate;
}

main(crawl);
