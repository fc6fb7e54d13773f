/**
 * This file must run on Node 18: bin.ts loads it before anything else. No imports, no new syntax.
 * The range is `engines` of package.json; a test compares the two.
 */
export const SUPPORTED_NODE = '^22.19.0 || ^24.0.0 || >=26.0.0'

/** One line that says that this Node is too old (or an odd release that nobody maintains); null when it will do. `version` as in process.version. */
export function unsupportedNode(version: string): string | null {
  const [major = 0, minor = 0] = version
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  if (major >= 26 || major === 24 || (major === 22 && minor >= 19)) return null
  return `watertight: Node ${version} is not supported, it needs ${SUPPORTED_NODE}; install Node 24 (https://nodejs.org/download) and start it with that`
}
