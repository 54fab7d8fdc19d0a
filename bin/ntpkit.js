#!/usr/bin/env node
// The command as it is installed; see src/cli/entry.ts. `npm run build` makes what this loads. The words of this file are those
// that any Node reads, so that one which is too old can say so.
// oxlint-disable no-var
var least = [20, 19];
var parts = process.versions.node.split(".").map(Number);
if (parts[0] < least[0] || (parts[0] === least[0] && parts[1] < least[1])) {
  var needed = "Node " + least.join(".") + " or later is needed; this is Node " + process.versions.node;
  if (process.argv[2] === "check") console.log("NTP UNKNOWN: " + needed);
  else console.error("ntpkit: " + needed);
  process.exit(process.argv[2] === "check" ? 3 : 69);
}
require("./load.js").load();
