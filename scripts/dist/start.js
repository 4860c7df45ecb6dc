#!/usr/bin/env node
// Starts the cruddur of this platform's package, and ends as it does.
"use strict";

const { spawn } = require("node:child_process");

const holder = `cruddur-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${holder}/bin/cruddur`);
} catch {
  console.error(`Error: the package ${holder}, which has the program for this machine, is not installed`);
  console.error("Hint: there is one for Linux and macOS; npm leaves it out with --omit=optional");
  process.exit(1);
}

const cruddur = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends these two to cruddur itself, which decides what they mean.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("SIGTERM", () => cruddur.kill("SIGTERM"));
cruddur.on("error", (error) => {
  console.error(`Error: cannot start ${program}: ${error.message}`);
  process.exitCode = 1;
});
cruddur.on("exit", (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
});
