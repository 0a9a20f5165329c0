-- POST /api/auth/login, each time with one of the user names of a file, drawn at random.
-- Arguments: the file, the password that all of them have, and a span: how many seconds after the start it begins, and
-- how long it is. At the end it prints {"answered", "refused"}: all that were answered in the span, and those of them
-- that were no success. A log-in takes as long as the others before it take to hash, so wrk's own count, from its first
-- request to its last, would lose what is under way at both ends.
local ffi = require('ffi')
ffi.cdef('typedef struct { long seconds, microseconds; } timeval; int gettimeofday(timeval *, void *);')

local threads = {}
local clock = ffi.new('timeval')
local requests = {}
local from, to

local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.seconds) + tonumber(clock.microseconds) / 1e6
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  math.randomseed(20260101)
  local headers = { ['Host'] = wrk.headers['Host'], ['Content-Type'] = 'application/json' }
  for name in io.lines(args[1]) do
    local body = string.format('{"username":"%s","password":"%s"}', name, args[2])
    requests[#requests + 1] = wrk.format('POST', '/api/auth/login', headers, body)
  end
  from = now() + tonumber(args[3] or '0')
  to = from + tonumber(args[4] or '0')
  answered, refused = 0, 0
end

function request()
  return requests[math.random(#requests)]
end

function response(status)
  local at = now()
  if at < from or at >= to then return end
  answered = answered + 1
  if status ~= 200 then refused = refused + 1 end
end

function done()
  local sum = { answered = 0, refused = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
  end
  print(string.format('{"answered":%d,"refused":%d}', sum.answered, sum.refused))
end
