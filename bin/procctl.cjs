#!/usr/bin/env -S node --
// `--` above: else Node 20 takes an --env-file among our arguments for its own.
'use strict';
require('../dist/cli/main.cjs');
