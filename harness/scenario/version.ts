import packageJson from 'watertight/package.json' with { type: 'json' }

/** The version of this package, from its own package.json: the name leads there from the sources and from dist/ alike. */
export const TOOL_VERSION: string = packageJson.version
