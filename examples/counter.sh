# Counts, a line each second: a gap in its log would show.
n=0
while sleep 1; do
  n=$((n + 1))
  echo "$n"
done
