// The design of the "secure REST API with JWT" tutorials, as their readers end up with it: Express, jsonwebtoken (HS256),
// bcrypt of cost 10, and a row for each refresh token. It stands here to be measured against and is nobody's advice. It
// has none of the security headers, CORS rules and rate limits that such tutorials add, so it does less than they do.

import { compare, hash } from '@node-rs/bcrypt'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Database, User } from './database.ts'
import {
  isRefreshToken,
  signAccessToken,
  signRefreshToken,
  type TokenSecrets,
  type TokenUser,
  verifyAccessToken,
} from './tokens.ts'

export const bcryptCost = 10

export function createTutorial(database: Database, secrets: TokenSecrets): Express {
  const app = express()
  app.use(express.json())
  addAccountRoutes(app, database, secrets)
  addRefreshRoute(app, database, secrets)
  return app
}

function addAccountRoutes(app: Express, database: Database, secrets: TokenSecrets): void {
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 handles what is thrown.
  app.post('/api/auth/register', async (req, res) => {
    const { username, password } = req.body
    if (database.findUserByName.get(username) !== undefined) {
      res.status(400).json({ message: 'Username already exists' })
      return
    }
    const hashed = await hash(password, { cost: bcryptCost })
    database.insertUser.run(username, hashed, 'user', new Date().toISOString())
    res.status(201).json({ message: 'User registered successfully' })
  })
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 handles what is thrown.
  app.post('/api/auth/login', async (req, res) => {
    const { username, password } = req.body
    const user = database.findUserByName.get(username) as User | undefined
    if (user === undefined || !(await compare(password, user.password))) {
      res.status(401).json({ message: 'Invalid credentials' })
      return
    }
    answerTokens(res, user, database, secrets)
  })
  app.get('/api/users', verifyToken(secrets), (_req, res) => {
    const { userId } = res.locals['user'] as TokenUser
    const user = database.findUser.get(userId) as User | undefined
    if (user === undefined) {
      res.status(404).json({ message: 'User not found' })
      return
    }
    const { id, username, role, createdAt } = user
    res.json({ id, username, role, createdAt })
  })
}

function verifyToken(secrets: TokenSecrets) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const token = req.headers.authorization?.split(' ')[1]
    if (token === undefined) {
      res.status(401).json({ message: 'No token provided' })
      return
    }
    try {
      res.locals['user'] = verifyAccessToken(token, secrets)
      next()
    } catch {
      res.status(401).json({ message: 'Invalid or expired token' })
    }
  }
}

function addRefreshRoute(app: Express, database: Database, secrets: TokenSecrets): void {
  app.post('/api/auth/refresh', (req, res) => {
    const token = /(?:^|;\s*)refreshToken=([^;]+)/.exec(req.headers.cookie ?? '')?.[1]
    if (token === undefined) {
      res.status(401).json({ message: 'Refresh token required' })
      return
    }
    const row = database.findToken.get(token)
    const user = database.findUser.get(row?.['userId'] ?? 0) as User | undefined
    if (row === undefined || user === undefined || !isRefreshToken(token, secrets)) {
      res.status(401).json({ message: 'Invalid refresh token' })
      return
    }
    database.deleteToken.run(row['id'] ?? 0)
    answerTokens(res, user, database, secrets)
  })
}

/** A new pair of tokens; the refresh token gets its row and travels in the cookie. */
function answerTokens(res: Response, user: User, database: Database, secrets: TokenSecrets): void {
  const refreshToken = signRefreshToken(user, secrets)
  database.insertToken.run(refreshToken, user.id, new Date().toISOString())
  const maxAge = 7 * 24 * 3600 * 1000
  res.cookie('refreshToken', refreshToken, { httpOnly: true, sameSite: 'strict', maxAge })
  res.json({ token: signAccessToken(user, secrets) })
}
