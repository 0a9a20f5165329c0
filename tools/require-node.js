// npm starts the scripts with the Node 26 that package.json pins; `npm ci --omit=optional` loses it.
if (!process.version.startsWith('v26.')) {
  console.error(
    `Countersign's tests run on Node 26, but this is ${process.version}. Run "npm ci" without --omit=optional.`,
  )
  process.exit(1)
}
