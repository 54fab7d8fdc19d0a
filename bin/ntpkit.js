#!/usr/bin/env node
// The command as it is installed; see src/cli/entry.ts. `npm run build` makes what this loads.
require("node:module").enableCompileCache?.();
require("../dist/bin/ntpkit.cjs");
