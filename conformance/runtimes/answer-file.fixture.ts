// Run by Node, Bun and Deno, where the packages are installed: the questions of one file, answered through a door.

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { answer, type Door } from './answer-questions.fixture.ts'

const [, , door = '', file = ''] = process.argv
const questions = JSON.parse(readFileSync(file, 'utf8'))
console.log(JSON.stringify(await answer((await import(door)) as Door, questions)))
