"use strict";
// Exercise 4a, wrong: it has a thread for each socket.

const net = require("node:net");
const { once } = require("node:events");
const workers = require("node:worker_threads");
const { setTimeout: nap } = require("node:timers/promises");
const { main, tellPage, tellError } = require("./plumbing.js");

async function crawl(targets) {
  await Promise.all(targets.map(onAThread));
}

async function onAThread(target) {
  const started = performance.now();
  const worker = new workers.Worker(__filename, { workerData: target });
  const [page] = await once(worker, "message");
  const whole = page.match(/^HTTP\/1.1 (\d+)[^]*?\r\n\r\n([^]*)$/);
  if (whole) {
    tellPage(target, started, { status: Number(whole[1]), body: whole[2] });
  } else {
    tellError(target, started, "truncated", "it ended early");
  }
}

// Runs on a thread: the bytes of a page.
async function fetch({ host, path, address }) {
  const socket = net.connect(address);
  let hasEnded = false;
  socket.on("end", () => (hasEnded = true));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  socket.pause();
  let data = "";
  while (!hasEnded) {
    data += socket.read()?.toString("latin1") ?? "";
    await nap(1);
  }
  workers.parentPort.postMessage(data);
}

if (workers.isMainThread) main(crawl);
else fetch(workers.workerData);
