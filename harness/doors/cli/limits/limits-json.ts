import { toJson } from '../../../../reports/json.ts'

/** JSON has no Infinity: "unlimited" says what it means. */
export const limitsJson = (value: object): string =>
  toJson(JSON.parse(JSON.stringify(value, (_key, field: unknown) => (field === Number.POSITIVE_INFINITY ? 'unlimited' : field))))
