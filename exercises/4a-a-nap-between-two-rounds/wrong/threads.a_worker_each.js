"use strict";
// Exercise 4a, wrong: it has a thread for each socket.

const net = require("node:net");
const { once } = require("node:events");
const workers = require("node:worker_threads");
const { setTimeout: nap } = require("node:timers/promises");
const { main, tellPage, tellError } = require("./plumbing.js");

async function crawl(targets) {
  const each = targets.map((target) => [
    target,
    new workers.Worker(__filename, { workerData: target }),
  ]);
  // On a busy machine the last one is ready long after the first.
  await Promise.all(each.map(([, worker]) => once(worker, "online")));
  await Promise.all(each.map(([target, worker]) => onAThread(target, worker)));
}

async function onAThread(target, worker) {
  const started = performance.now();
  worker.postMessage("go");
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

if (workers.isMainThread) {
  main(crawl);
} else {
  once(workers.parentPort, "message").then(() => fetch(workers.workerData));
}
