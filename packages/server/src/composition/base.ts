// Composition: which part is built of which, in the order in which they need each other: base, state, services, flows,
// the application. It decides nothing at run time and nothing imports it but create-countersign.ts.

import { checkFirstAdministrator } from '../accounts/check-first-administrator.ts'
import { checkSettings } from '../config/check-settings.ts'
import { ConfigurationError } from '../config/configuration-error.ts'
import type { CountersignOptions } from '../config/options.ts'
import { loadOrCreateSecretFile } from '../config/secret-file.ts'
import type { Settings } from '../config/settings.ts'
import { type Clock, systemClock } from '../foundation/clock.ts'
import { type IdSource, createIdSource } from '../foundation/ids.ts'
import { type Logger, shieldLogger, silentLogger } from '../foundation/logger.ts'
import { type MasterSecrets, createMasterSecrets } from '../foundation/master-secret.ts'
import { type Randomness, systemRandomness } from '../foundation/randomness.ts'
import { type StoreClock, createStoreClock } from '../foundation/store-clock.ts'
import { type Hooks, checkHooks } from '../library/hooks.ts'
import { type MailTexts, en } from '../mail/texts/en.ts'

/** What needs nothing else: checked settings, time, randomness, secrets; and what the host hands in. */
export interface Base extends Pick<Hooks, 'claims' | 'onEvent' | 'sendMail'> {
  readonly settings: Settings
  /** This machine's. */
  readonly localClock: Clock
  /** What the store tells in place of its own time, for tests. */
  readonly storeTime: Clock | undefined
  readonly storeClock: StoreClock
  /** The store's time, which every instance shares: what all decisions go by. */
  readonly clock: Clock
  readonly randomness: Randomness
  readonly logger: Logger
  readonly texts: MailTexts
  readonly secrets: MasterSecrets
  readonly newId: IdSource
}

/** @throws ConfigurationError with every mistake at once */
export function openBase(options: CountersignOptions & Hooks): Base {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const message = 'The options have to be an object: createCountersign({ … }).'
    throw new ConfigurationError([{ option: undefined, message }])
  }
  const {
    claims,
    onEvent,
    sendMail,
    mailTexts,
    logger,
    clock,
    storeTime,
    randomness,
    ...configured
  } = options
  const production = process.env['NODE_ENV'] === 'production'
  const checked = checkSettings(configured, {
    production,
    checkFurther: checkFirstAdministrator,
  })
  const mistakes = [...(checked.ok ? [] : checked.mistakes), ...checkHooks(options)]
  if (!checked.ok || mistakes.length > 0) throw new ConfigurationError(mistakes)
  const localClock = clock ?? systemClock
  const storeClock = createStoreClock(localClock)
  const base = {
    settings: checked.settings,
    localClock,
    storeTime,
    storeClock,
    clock: storeClock.now,
    randomness: randomness ?? systemRandomness,
    logger: logger ? shieldLogger(logger) : silentLogger,
    claims,
    onEvent,
    sendMail,
    texts: { ...en, ...mailTexts },
  }
  const secrets = openSecrets(base.settings, base.randomness)
  return { ...base, secrets, newId: createIdSource(base.clock, base.randomness) }
}

function openSecrets(settings: Settings, randomness: Randomness): MasterSecrets {
  const { database, secrets } = settings
  if (secrets.length > 0 || database.kind !== 'sqlite') return createMasterSecrets(secrets)
  return database.file === ':memory:'
    ? createMasterSecrets([randomness(32).toString('base64url')])
    : createMasterSecrets([loadOrCreateSecretFile(database.file, randomness)])
}
