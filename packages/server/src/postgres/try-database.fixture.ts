// Runs in a copy of src/: starts with the database of its first argument, and says what came of it.

import process from 'node:process'

const library = new URL('./index.ts', import.meta.url).href
const { createCountersign } = (await import(library)) as typeof import('../index.ts')
try {
  const auth = await createCountersign({
    databaseUrl: process.argv[2] ?? '',
    secret: 'a master secret of 32 characters or more',
  })
  await auth.close()
  console.log('started')
} catch (error) {
  console.log(String(error))
}
