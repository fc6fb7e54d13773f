import { html, type SafeHtml } from '@remix-run/html-template'
import type { Verdict } from '../../harness/model/diagnosis.ts'

/** What a cell or a head can say; `not-run` is no verdict, but stands where one would. */
export type Mark = Verdict | 'not-run' | 'as-expected' | 'unexpected'

export const WORD_OF_MARK = {
  clean: 'clean',
  leaked: 'leaked',
  misconfigured: 'misconfigured',
  inconclusive: 'inconclusive',
  'not-run': 'not run',
  'as-expected': 'as expected',
  unexpected: 'NOT as expected',
} as const satisfies Record<Mark, string>

/** One shape per mark, told apart without colour: drop, tick in a circle, triangle, diamond, dashed circle, tick, cross. Drawn once, used by reference. */
export const MARK_SHAPES = html`<svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false">
<symbol id="mark-leaked" viewBox="0 0 16 16"><path class="fill" d="M8 .8c2.6 3.4 4.9 6 4.9 8.9a4.9 4.9 0 0 1-9.8 0C3.1 6.8 5.4 4.2 8 .8z"/></symbol>
<symbol id="mark-clean" viewBox="0 0 16 16"><circle class="line" cx="8" cy="8" r="6.6"/><path class="line" d="m4.8 8.3 2.3 2.3 4.2-4.8"/></symbol>
<symbol id="mark-misconfigured" viewBox="0 0 16 16"><path class="line" d="M8 1.6 15 14.2H1z"/><path class="line" d="M8 6.2v3.8M8 12v.4"/></symbol>
<symbol id="mark-inconclusive" viewBox="0 0 16 16"><path class="line" d="M8 .9 15.1 8 8 15.1.9 8z"/><path class="line" d="M6.3 6.5a1.7 1.7 0 1 1 2.5 1.6c-.6.3-.8.6-.8 1.2M8 11.3v.3"/></symbol>
<symbol id="mark-not-run" viewBox="0 0 16 16"><circle class="line dashed" cx="8" cy="8" r="6.6"/><path class="line" d="M4.8 8h6.4"/></symbol>
<symbol id="mark-as-expected" viewBox="0 0 16 16"><path class="line" d="m2.5 8.5 3.6 3.7 7.4-8.4"/></symbol>
<symbol id="mark-unexpected" viewBox="0 0 16 16"><path class="line" d="m3.2 3.2 9.6 9.6M12.8 3.2l-9.6 9.6"/></symbol>
</svg>`

/** A shape alone; whoever uses it puts the word beside it. */
export function shape(mark: Mark): SafeHtml {
  return html`<svg class="mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><use href="#mark-${mark}"/></svg>`
}

/** Colour, shape and word. */
export function badge(mark: Mark): SafeHtml {
  return html`<span class="badge ${mark}">${shape(mark)}<span>${WORD_OF_MARK[mark]}</span></span>`
}
