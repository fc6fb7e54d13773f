#!/usr/bin/env node
// Nothing is imported statically: on an old Node a module that does not load would hide the one line that says so.
const { unsupportedNode } = await import('./node-version.ts')
const refusal = unsupportedNode(process.version)
if (refusal === null) {
  const { start } = await import('./start.ts')
  // Not awaited: where a module of the user's never settles, Node would name this line instead.
  void start(process.argv.slice(2))
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 3
}

// makes this file a module, so that it may await
export {}
