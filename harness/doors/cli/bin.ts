#!/usr/bin/env node
// Nothing is imported statically: on an old Node a module that does not load would hide the one line that says so.
const { unsupportedNode } = await import('./node-version.ts')
const refusal = unsupportedNode(process.version)
if (refusal === null) {
  const { main } = await import('./main.ts')
  const { dependencies, processIo } = await import('./dependencies.ts')
  const argv = process.argv.slice(2)
  process.exitCode = await main(argv, processIo(argv), dependencies)
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 3
}

// makes this file a module, so that it may await
export {}
