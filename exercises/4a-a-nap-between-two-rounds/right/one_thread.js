"use strict";
// Exercise 4a, right in another language. Node.js has threads of its own,
// and one runs the program: it looks at all sockets, then naps.

const net = require("node:net");
const { setTimeout: nap } = require("node:timers/promises");
const { main, tellPage, tellError } = require("./plumbing.js");

async function crawl(targets) {
  let waiting = targets.map(begin);
  while (waiting.length > 0) {
    waiting = waiting.filter((each) => !isOver(each));
    await nap(1);
  }
}

// Asks for a page: its target, when it began, its socket, its bytes.
function begin(target) {
  const fetch = { target, started: performance.now(), data: "" };
  fetch.socket = net.connect(target.address);
  fetch.socket.on("error", (error) => (fetch.error = error));
  fetch.socket.on("end", () => (fetch.hasEnded = true));
  fetch.socket.write(
    `GET ${target.path} HTTP/1.1\r\nHost: ${target.host}\r\n` +
      "Connection: close\r\n\r\n",
  );
  fetch.socket.pause(); // its bytes are asked for
  return fetch;
}

// Whether the page is there, or will never be.
function isOver(fetch) {
  const { target, started, socket } = fetch;
  fetch.data += socket.read()?.toString("latin1") ?? "";
  const whole = fetch.data.match(/^HTTP\/1.1 (\d+)[^]*?\r\n\r\n([^]*)$/);
  if (fetch.error) {
    tellError(target, started, "reset", fetch.error);
  } else if (fetch.hasEnded && whole) {
    const [, status, body] = whole;
    tellPage(target, started, { status: Number(status), body });
  } else if (fetch.hasEnded) {
    tellError(target, started, "truncated", "it ended early");
  } else {
    return false;
  }
  socket.destroy();
  return true;
}

main(crawl);
