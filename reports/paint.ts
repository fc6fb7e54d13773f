import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Puts a style on a text, or leaves it alone. */
export type Paint = (style: Style, text: string) => string

/** Whether to colour is decided by who knows the stream (doors/cli); here nothing looks at the environment. */
export function paintFor(colour: boolean): Paint {
  return colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text
}
