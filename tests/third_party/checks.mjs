// A list of named checks: each is a function that throws when what it expects does not hold.

import assert from "node:assert/strict";

const entries = [];

/** Registers a check. */
export function check(name, run) {
  entries.push({ name, run });
}

/** Runs every check (or those named on the command line), prints a line for each, and ends with the verdict. */
export async function runAll(driver, ...context) {
  const chosen = process.argv.slice(2);
  const selected = entries.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
  const started = Date.now();
  let failed = 0;
  for (const { name, run } of selected) {
    try {
      await run(...context);
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      const line = /checks\.mjs:(\d+)/g;
      const places = [...(error.stack ?? "").matchAll(line)].map((match) => match[1]);
      console.log(`FAIL  ${name} (line ${places[0] ?? "?"}): ${error.errorCode ?? error.name}: ${error.message}`);
    }
  }
  console.log(`${driver}: ${selected.length} checks, ${failed} failed, ${(Date.now() - started) / 1000} s`);
  process.exit(failed > 0 || selected.length === 0 ? 1 : 0);
}

/** The error with which the promise must be rejected; `code` is compared with its errorCode or name. */
export async function rejected(promise, code) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    if (code !== undefined) assert.equal(error.errorCode ?? error.name, code, error.message);
    return error;
  }
  throw new Error(`expected ${code}, got ${JSON.stringify(answer)}`);
}
