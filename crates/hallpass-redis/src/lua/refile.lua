-- KEYS: due. ARGV: of each session that was used: its entry, the score that was read, the new one.
for i = 1, #ARGV, 3 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('ZADD', KEYS[1], ARGV[i + 2], ARGV[i]) end
end
return 1
