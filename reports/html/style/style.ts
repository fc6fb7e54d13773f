import { CHART_STYLE } from './chart-style.ts'
import { COLOURS } from './colours.ts'
import { LAYOUT } from './layout-style.ts'
import { RUN_STYLE } from './run-style.ts'

/** The whole style sheet, as it stands in the page. */
export const STYLE = [COLOURS, LAYOUT, RUN_STYLE, CHART_STYLE].join('')
