import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hash } from '@node-rs/bcrypt'
import { bcryptCost } from './application.ts'
import { type Journal, openDatabase, type User } from './database.ts'
import { signAccessToken, signRefreshToken, type TokenSecrets } from './tokens.ts'

export interface TutorialPopulation {
  readonly databaseFile: string
  readonly accessFile: string
  readonly refreshFile: string
  readonly usernamesFile: string
}

/** Users with one password, each with an access token and a refresh token. */
export async function populateTutorial(
  directory: string,
  options: {
    readonly journal: Journal
    readonly size: number
    readonly password: string
    readonly secrets: TokenSecrets
  },
): Promise<TutorialPopulation> {
  const { journal, size, secrets } = options
  const file = (name: string): string => join(directory, `tutorial-${journal}-${name}`)
  const databaseFile = join(directory, `tutorial-${journal}.db`)
  const database = openDatabase(databaseFile, journal)
  const hashed = await hash(options.password, { cost: bcryptCost })
  const now = new Date().toISOString()
  const users = Array.from({ length: size }, (_, number): User => {
    const username = `user-${number}`
    const { lastInsertRowid } = database.insertUser.run(username, hashed, 'user', now)
    return { id: Number(lastInsertRowid), username, password: hashed, role: 'user', createdAt: now }
  })
  const refreshTokens = users.map((user) => {
    const token = signRefreshToken(user, secrets)
    database.insertToken.run(token, user.id, now)
    return token
  })
  database.close()
  const write = (name: string, lines: readonly string[]): string => {
    writeFileSync(file(name), `${lines.join('\n')}\n`)
    return file(name)
  }
  return {
    databaseFile,
    accessFile: write(
      'access.txt',
      users.map((user) => signAccessToken(user, secrets)),
    ),
    // No CSRF tokens there.
    refreshFile: write(
      'refresh.txt',
      refreshTokens.map((token) => `${token} -`),
    ),
    usernamesFile: write(
      'usernames.txt',
      users.map(({ username }) => username),
    ),
  }
}
