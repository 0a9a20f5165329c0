import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = import.meta.dirname
const root = resolve(here, '../..')
const cache = join(root, 'node_modules/.cache/verify-anywhere')
const requirements = join(here, 'python/requirements.txt')

/** What a sample is asked. */
export interface Task {
  issuer: string
  audience: string
  tokens: readonly string[]
  /** Either the keys, or where they are. */
  jwks?: object
  jwksUri?: string
  /** The time to verify at; the present when left out. */
  now?: number
}

export interface Outcome {
  claims?: unknown
  failure?: 'invalid' | 'unavailable'
}

/** A program of docs/verify-anywhere.md, ready to be asked. */
export type Sample = (task: Task) => Promise<readonly Outcome[]>

export interface Language {
  name: string
  /** What has to be installed for it. */
  toolchain: string
  prepare: () => Promise<Sample>
  /**
   * Runs the page's second block, which shows how the program is used, with these addresses in place of its examples'.
   * @returns the claims of the token, read from what it printed
   */
  use: (addresses: Addresses, token: string) => Promise<unknown>
}

export interface Addresses {
  issuer: string
  audience: string
}

export const languages: readonly Language[] = [
  { name: 'Python', toolchain: 'python3', prepare: preparePython, use: usePython },
  { name: 'Go', toolchain: 'go', prepare: prepareGo, use: useGo },
]

/** Whether the toolchain is there. */
export async function has(toolchain: string): Promise<boolean> {
  return run(toolchain, [toolchain === 'go' ? 'version' : '--version']).then(
    () => true,
    () => false,
  )
}

/** The first block of the page in this language: the sample as readers see it. */
async function sampleIn(language: string): Promise<string> {
  const page = await readFile(join(root, 'docs/verify-anywhere.md'), 'utf8')
  const code = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1]
  if (code === undefined) throw new Error(`docs/verify-anywhere.md has no ${language}.`)
  return code
}

async function usageIn(language: string, { issuer, audience }: Addresses): Promise<string> {
  const code = await sampleIn(language)
  return code
    .replaceAll('https://auth.example.com', issuer)
    .replaceAll('https://api.example.com', audience)
}

async function preparePython(): Promise<Sample> {
  const venv = await pythonPlace()
  await makeOnce(venv, async (place) => {
    await run('python3', ['-m', 'venv', place])
    const pip = join(place, 'bin/pip')
    await run(pip, ['install', '--quiet', '--disable-pip-version-check', '-r', requirements])
  })
  const folder = join(cache, 'python')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'accesstoken.py'), await sampleIn('python'))
  await copyFile(join(here, 'python/answer.py'), join(folder, 'answer.py'))
  const python = join(venv, 'bin/python')
  return (task) => ask(python, ['-W', 'error', join(folder, 'answer.py')], task)
}

async function pythonPlace(): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
  return join(cache, `venv-${digest.slice(0, 12)}`)
}

async function usePython(addresses: Addresses, token: string): Promise<unknown> {
  const program = [
    'import json, sys',
    'from accesstoken import Verifier, fetch_keys',
    'token = sys.argv[1]',
    await usageIn('py', addresses),
    'print(json.dumps(claims))',
  ].join('\n')
  const python = join(await pythonPlace(), 'bin/python')
  const { stdout } = await run(python, ['-c', program, token], { cwd: join(cache, 'python') })
  return JSON.parse(stdout)
}

async function useGo(addresses: Addresses, token: string): Promise<unknown> {
  const program = [
    'package main',
    'import ("encoding/json"; "os"; "time"; "github.com/go-jose/go-jose/v4"; "example.com/verify-anywhere/accesstoken")',
    'func main() {',
    'token := os.Args[1]',
    await usageIn('golang', addresses),
    'if err != nil { panic(err) }',
    'if err := json.NewEncoder(os.Stdout).Encode(claims); err != nil { panic(err) }',
    '}',
  ].join('\n')
  const folder = join(cache, 'go')
  await mkdir(join(folder, 'usage'), { recursive: true })
  await writeFile(join(folder, 'usage/main.go'), program)
  const { stdout } = await run('go', ['run', './usage', token], { cwd: folder })
  return JSON.parse(stdout)
}

async function prepareGo(): Promise<Sample> {
  const folder = join(cache, 'go')
  await mkdir(join(folder, 'accesstoken'), { recursive: true })
  for (const name of ['go.mod', 'go.sum', 'main.go']) {
    await copyFile(join(here, 'go', name), join(folder, name))
  }
  await writeFile(join(folder, 'accesstoken/accesstoken.go'), await sampleIn('go'))
  await run('go', ['vet', './...'], { cwd: folder })
  await run('go', ['build', '-o', 'answer', '.'], { cwd: folder })
  return (task) => ask(join(folder, 'answer'), [], task)
}

/** Moved into place when it is whole, so that a run that was broken off leaves nothing half. A venv knows its own path. */
async function makeOnce(place: string, make: (place: string) => Promise<void>): Promise<void> {
  const mark = `${place}/complete`
  const isThere = await stat(mark).then(
    () => true,
    () => false,
  )
  if (isThere) return
  await rm(place, { recursive: true, force: true })
  await mkdir(cache, { recursive: true })
  await make(place)
  await writeFile(`${mark}.tmp`, '')
  await rename(`${mark}.tmp`, mark)
}

function ask(program: string, args: readonly string[], task: Task): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let answer = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(answer) as Outcome[])
      else reject(new Error(`${program} ended with ${code}: ${complaint}`))
    })
    child.stdin.end(JSON.stringify(task))
  })
}
