/** Nobody listens. */
import { DOWN } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-down',
  shows: 'a connection that is refused throws, and what the caller had open by then stays open',
  ...toxicFrame(DOWN, ['UNREAD_BODY']),
})
