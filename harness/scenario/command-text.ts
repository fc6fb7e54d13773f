/** A command line as one may show it: short, and without what looks like a secret. Pure. */
import { basename } from 'node:path'

const MOST_CHARACTERS = 100
/** `--api-key`, `DB_PASSWORD`, `-token`: what comes after it is nobody's business. */
const SECRET = 'token|secret|passw|credential|auth|api-?_?key|access-?_?key|private-?_?key|session|signature|cookie|bearer|\\bsid\\b'
const SECRET_NAME = new RegExp(SECRET, 'i')
/** A header as curl takes it, and an option within the word of a shell: the name, and after it all that is nobody's business. */
const SECRET_WITHIN = new RegExp(`((?:${SECRET})[\\w-]*\\s*[:=]\\s*|--?[\\w-]*(?:${SECRET})[\\w-]*\\s+)\\S.*`, 'is')
const HIDDEN = '***'

export function shortCommand({ command, args }: { readonly command: string; readonly args: readonly string[] }): string {
  const words = [basename(command)]
  let hidesNext = false
  for (const word of args) {
    words.push(hidesNext && !word.startsWith('-') ? HIDDEN : withoutSecrets(word))
    hidesNext = /^--?[\w-]+$/.test(word) && SECRET_NAME.test(word)
  }
  const text = words.join(' ').replaceAll(/\s+/g, ' ')
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 3)}...`
}

function withoutSecrets(word: string): string {
  return withoutUrlSecrets(word).replace(SECRET_WITHIN, `$1${HIDDEN}`)
}

/** A text of somebody else's: credentials in its URLs, and their queries, which may carry a signature, are not told. */
export function withoutUrlSecrets(text: string): string {
  return text.replace(/(\w+:\/\/)[^/@\s]*@/g, `$1${HIDDEN}@`).replace(/((?:\w+:\/)?\/[^?\s]*)\?[^\s'"]*/g, `$1?${HIDDEN}`)
}
