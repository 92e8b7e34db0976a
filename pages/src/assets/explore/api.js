// Requests to the program that serves this page.

import { clearProblem, showProblem } from "./elements.js";

const SECOND = 1000;

// Asks an address and returns the answer. Throws an error with the message of the program.
export async function call(path, fields) {
  const options = fields === undefined
    ? {}
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(fields) };
  let response;
  try {
    response = await send(path, options);
  } catch {
    throw new Error("The program does not answer. Start `narrows explore` again.");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// The program closes connections from time to time. A request that was sent at this moment is sent once more.
async function send(path, options) {
  try {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(30 * SECOND) });
  } catch {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(30 * SECOND) });
  }
}

// Returns a function that does one piece of the work of a part at a time. While one is running, only the newest is
// kept.
export function latest(part, work) {
  let next = null;
  let isRunning = false;
  return async (...values) => {
    next = values;
    if (isRunning) return;
    isRunning = true;
    while (next !== null) {
      const current = next;
      next = null;
      try {
        await work(...current);
        clearProblem(part);
      } catch (error) {
        showProblem(part, error);
      }
    }
    isRunning = false;
  };
}

// Returns the actions of a part of the page, of which the newest counts: `run` asks, and uses the answer only if no
// newer action has started since. `cancel` is an action that needs no answer.
export function newest(part) {
  let started = 0;
  function cancel() {
    started += 1;
    clearProblem(part);
  }
  async function run(ask, use) {
    started += 1;
    const own = started;
    try {
      const answer = await ask();
      if (own !== started) return undefined;
      clearProblem(part);
      return await use(answer);
    } catch (error) {
      if (own === started) showProblem(part, error);
      return undefined;
    }
  }
  return { run, cancel };
}
