// Runs the tutorial's application: DATABASE, JOURNAL, JWT_SECRET, REFRESH_SECRET, HOST, PORT.

import { createTutorial } from './application.ts'
import { type Journal, openDatabase } from './database.ts'

const {
  DATABASE = '',
  JOURNAL,
  JWT_SECRET = '',
  REFRESH_SECRET = '',
  HOST = '',
  PORT,
} = process.env
const database = openDatabase(DATABASE, JOURNAL as Journal)
const app = createTutorial(database, { access: JWT_SECRET, refresh: REFRESH_SECRET })
app.listen(Number(PORT), HOST)
