/**
 * node:http without an ES import of it: that reads all its exports, `WebSocket` among them, a getter that loads the built-in undici. 35 to 45 ms of CPU, and a
 * client in a process that may never use one.
 */
export const nodeHttp = process.getBuiltinModule('node:http')
