/** `watertight/vitest/setup`, for setupFiles: guards every test. With options: a setup file of your own that calls guardSuite. */
import './index.ts'
import { guardSuite } from './guard-suite.ts'

guardSuite()
