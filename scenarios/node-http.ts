/**
 * node:http as `require` gives it. An ES import of it reads all its exports, and one of them loads the undici that is built into Node: 38 ms of CPU in each of a hundred
 * children. In a program of yours `import { Agent, get } from 'node:http'` is the same.
 */
import type { Agent as HttpAgent } from 'node:http'

export type { AgentOptions, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
export type Agent = HttpAgent
export const { Agent, createServer, get, globalAgent, request } = process.getBuiltinModule('node:http')
