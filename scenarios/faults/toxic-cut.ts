/** The connection ends within the first 100 kB of the body. */
import { CUT } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-cut',
  shows: 'a body that breaks off throws, and what the caller had open by then stays open',
  ...toxicFrame(CUT, ['UNREAD_BODY']),
})
