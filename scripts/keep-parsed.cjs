// Preloaded by scripts/build.mjs into runs of procctl: keeps what V8 has made of the bundles by their end, functions that were called included.
//
// A file is what `createCachedData` gives, the last 16 characters of the bundle, and the sum of the first as 32-bit words.
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    scripts.set(options.filename, this);
  }
};

// What is kept is good for the flags it was made with.
v8.setFlagsFromString = () => {};

const sumOf = (words) => {
  let sum = 0;
  for (let at = 0; at < words.length; at += 1) sum = (Math.imul(sum, 31) + words[at]) | 0;
  return sum;
};

process.on('exit', () => {
  for (const [filename, script] of scripts) {
    // What an earlier run has called is in it, since this one began with that.
    const data = script.createCachedData();
    const sum = Buffer.alloc(4);
    sum.writeInt32LE(sumOf(new Int32Array(data.buffer, data.byteOffset, data.length / 4)));
    const id = readFileSync(filename).subarray(-16);
    writeFileSync(`${filename}.${process.versions.v8}-${process.arch}.cache`, Buffer.concat([data, id, sum]));
  }
});
