"use strict";
// What the exercises share: the job comes from standard input, and each
// outcome goes to standard output as a line of JSON (docs/protocol.md).
//
// It needs Node.js alone, from version 16 on.

const http = require("node:http");

const began = performance.now();

// Runs `crawl(targets, limits)` on the job. A target has `index` (its place
// in the job, from 0), `host`, `path` and `address` (host and port). The
// limits are `concurrency` (fetches in flight) and `deadline` (milliseconds
// for one whole fetch, the connecting included).
async function main(crawl) {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  const { targets, limits } = JSON.parse(text);
  await crawl(
    targets.map(({ host, path, address }, index) => {
      const colon = address.lastIndexOf(":");
      const numeric = address.slice(0, colon).replace(/[[\]]/g, "");
      const port = Number(address.slice(colon + 1));
      return { index, host, path, address: { host: numeric, port } };
    }),
    {
      concurrency: limits.concurrency,
      deadline: limits.deadline_us / 1000,
    },
  );
}

// Tells that a page is there. `started` is a `performance.now()`.
function tellPage(target, started, { status, body }) {
  tell(target, started, { status, bytes: body.length, error: null });
}

// Tells that there is no page. `kind` is "connect", "reset", "empty-reply",
// "truncated", "timeout", "malformed", "worker-died" or "io".
function tellError(target, started, kind, message) {
  const error = { kind, message: String(message) };
  tell(target, started, { status: null, error });
}

function tell(target, started, result) {
  const outcome = {
    target: target.index,
    by: "main",
    ...result,
    // Microseconds since the crawl began.
    started_us: Math.floor((started - began) * 1000),
    finished_us: Math.floor((performance.now() - began) * 1000),
  };
  process.stdout.write(JSON.stringify({ outcome }) + "\n");
}

// Fetches a page on a connection of its own: a promise of its status and
// its body. It has no deadline.
function get({ host, path, address }) {
  return new Promise((resolve, reject) => {
    const options = { ...address, path, headers: { host }, agent: false };
    const request = http.get(options, async (response) => {
      try {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        const body = Buffer.concat(chunks);
        resolve({ status: response.statusCode, body });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
  });
}

module.exports = { main, tellPage, tellError, get };
