// Preloaded into a process (`node --import`): its machine's clock is then ahead by CLOCK_SKEW_MS.

const skewMs = Number(process.env['CLOCK_SKEW_MS'])
const readClock = Date.now.bind(Date)
Date.now = (): number => readClock() + skewMs
