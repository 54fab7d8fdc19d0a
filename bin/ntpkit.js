#!/usr/bin/env node
// The command as it is installed; see src/cli/entry.ts. `npm run build` makes what this loads.
require("./load.js").load();
