/** What the kinds of backend beside MinIO would start with, and whether it is here. */
import { accessSync, constants } from 'node:fs'
import { type EngineAnswer, orBinary } from '../../../../fixtures/containers/engine.ts'
import { chooseImage, type ImageSource } from '../../../../fixtures/containers/image.ts'
import { TOXIPROXY_IMAGE } from '../../../../fixtures/containers/toxiproxy.ts'
import { FAKE_GCS_IMAGE } from '../../../../fixtures/emulators/fake-gcs.ts'
import { needPackages } from '../../../../fixtures/emulators/packages.ts'
import { HarnessError } from '../../../model/errors.ts'
import type { Environment } from '../io.ts'
import type { Facts, Try } from './facts.ts'

/** An engine that answers /_ping tells an image within milliseconds. */
const IMAGE_LIMIT_MS = 1_000

export async function examineOthers(env: Environment, engine: EngineAnswer): Promise<Facts['others']> {
  const [fakeGcs, toxiproxy] = await Promise.all([
    examineServer(env, engine, 'WATERTIGHT_FAKE_GCS_BIN', FAKE_GCS_IMAGE),
    examineServer(env, engine, 'WATERTIGHT_TOXIPROXY_BIN', TOXIPROXY_IMAGE),
  ])
  return [
    { kind: 'azurite', tried: examinePackages('azurite', ['azurite', '@azure/storage-blob']) },
    { kind: 'fake-gcs', tried: fakeGcs.ok ? both(fakeGcs, examinePackages('Google', ['@google-cloud/storage'])) : fakeGcs },
    { kind: 'toxiproxy', tried: toxiproxy },
  ]
}

const both = (one: Try, other: Try): Try => (other.ok ? one : other)

function failed(error: unknown): Try {
  if (error instanceof HarnessError) return { ok: false, why: error.what, remedy: error.remedy }
  return { ok: false, why: error instanceof Error ? error.message : String(error), remedy: null }
}

function examinePackages(what: string, names: readonly string[]): Try {
  try {
    needPackages(what, names)
    return { ok: true, says: `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} installed` }
  } catch (error) {
    return failed(error)
  }
}

async function examineServer(env: Environment, engine: EngineAnswer, variable: string, image: ImageSource): Promise<Try> {
  const binary = env[variable]
  if (binary) {
    try {
      accessSync(binary, constants.X_OK)
      return { ok: true, says: `${variable}=${binary}` }
    } catch {
      return {
        ok: false,
        why: `${variable}=${binary} is not there, or not executable`,
        remedy: `point ${variable} at a binary of ${image.title}`,
      }
    }
  }
  if (!engine.ok) return { ok: false, why: engine.reason, remedy: orBinary(engine.remedy, variable, image.title) }
  try {
    const { name, pull } = await chooseImage(image, engine.address, AbortSignal.timeout(IMAGE_LIMIT_MS))
    return { ok: true, says: pull ? `${name} is not here yet: the first run pulls it` : `${name} is here` }
  } catch (error) {
    return failed(error)
  }
}
