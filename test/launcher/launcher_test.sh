#!/bin/sh
# Tests ./vqray in a small project of its own, with a deno.json and programs made for the test. Needs no network: Deno comes
# from PATH, or from .deno/ if ./vqray has put it there. The last line is "N passed, N failed".
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd -P)
PATH=$PATH:$repository/.deno/bin
deno=$(deno eval --no-config 'console.log(Deno.execPath())')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

check() { # NAME EXPECTED ACTUAL
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
    echo "launcher: $1 ... ok"
  else
    failed=$((failed + 1))
    printf 'launcher: %s ... FAILED\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

# A command's output, standard error included, and its exit code.
outcome() {
  code=0
  said=$("$@" 2>&1) || code=$?
  echo "$said [$code]"
}

project=$scratch/a\ project
mkdir -p "$project/cli" "$scratch/elsewhere" "$scratch/bin"
cp "$repository/vqray" "$project/vqray"
ln -s "$deno" "$scratch/bin/deno"
tools=/usr/bin:/bin

cat >"$project/deno.json" <<'JSON'
{
  "nodeModulesDir": "none",
  "tasks": {
    "fmt": { "description": "one line", "command": "deno eval" },
    "own": { "description": "a configuration of its own", "command": "deno eval --config own/deno.json --no-lock" },
    "show:all": {
      "description": "several lines",
      "command": "deno run --no-prompt --allow-read --allow-env=XDG_RUNTIME_DIR,DENO_DIR cli/show_all.ts"
    },
    "wait": { "description": "until a signal", "command": "deno run --no-prompt cli/wait.ts" }
  },
  "imports": {}
}
JSON
printf '{ "version": "5" }\n' >"$project/deno.lock"
mkdir "$project/own"
printf '{ "imports": {} }\n' >"$project/own/deno.json"
cat >"$project/cli/show_all.ts" <<'TS'
const runtime = Deno.env.get("XDG_RUNTIME_DIR")!;
const mode = (Deno.statSync(runtime).mode! & 0o777).toString(8);
console.log(JSON.stringify({ cwd: Deno.cwd(), args: Deno.args, cache: Deno.env.get("DENO_DIR"), mode }));
Deno.exit(Deno.args[0] === "exit" ? 7 : 0);
TS
cat >"$project/cli/wait.ts" <<'TS'
for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.addSignalListener(name, () => {
    console.log(name);
    Deno.exit(code);
  });
}
console.log("waiting");
setInterval(() => {}, 1000);
TS

# An environment with Deno on PATH; DENO_DIR keeps the user's own cache out of the test.
launch() {
  env -i PATH="$scratch/bin:$tools" HOME="$scratch" VK_DRIVER_FILES=none ${cache:+DENO_DIR="$cache"} \
    "$project/vqray" "$@"
}
cache=$scratch/cache
mkdir -p "$cache/npm"

check "lists the tasks" "  fmt              one line
  own              a configuration of its own
  show:all         several lines
  wait             until a signal" "$(launch | grep '^  ')"
check "refuses an unknown task on one line" 'vqray: there is no task "nope"; ./vqray lists the tasks [2]' "$(outcome launch nope)"
check "does not take a pattern for a task" 'vqray: there is no task ".*"; ./vqray lists the tasks [2]' "$(outcome launch '.*')"

launch fmt 'console.log(1)' >/dev/null 2>"$scratch/first"
check "gets packages the first time" "vqray: getting the packages that deno.lock names" "$(cat "$scratch/first")"
check "prints nothing the second time" "1 [0]" "$(outcome launch fmt 'console.log(1)')"

check "gets the packages of a task with a configuration of its own" "2 [0]" "$(outcome launch own 'console.log(2)')"
printf '{ "imports": ' >"$project/own/deno.json"
check "says which folder's packages cannot be got" "vqray: the packages of own could not be got [1]" \
  "$(outcome launch own 'console.log(2)' | tail -n 1)"

cd "$scratch/elsewhere"
check "keeps the caller's folder and arguments, and makes a private runtime folder" \
  "{\"cwd\":\"$scratch/elsewhere\",\"args\":[\"--data_path\",\"a b.hdf5\",\"*\"],\"cache\":\"$cache\",\"mode\":\"700\"}" \
  "$(launch show:all --data_path 'a b.hdf5' '*' --help 2>&1 | sed 's/,"--help"//')"
check "returns the task's exit code" 7 "$(launch show:all exit --help >/dev/null || echo $?)"
ln -s "$project/vqray" "$scratch/bin/linked"
check "works through a link" '"args":[]' "$(
  env -i PATH="$scratch/bin:$tools" HOME="$scratch" DENO_DIR="$cache" VK_DRIVER_FILES=none linked show:all |
    grep -o '"args":\[\]'
)"

for signal in INT TERM; do
  : >"$scratch/waiting"
  # Not through the function, so that $! is the process that the launcher replaces by the program.
  env -i PATH="$scratch/bin:$tools" HOME="$scratch" DENO_DIR="$cache" VK_DRIVER_FILES=none \
    "$project/vqray" wait >"$scratch/waiting" 2>&1 &
  process=$!
  tries=0
  until grep -q waiting "$scratch/waiting" || [ $tries = 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  kill -s $signal $process
  code=0
  wait $process || code=$?
  [ $signal = INT ] && expected=130 || expected=143
  check "passes SIG$signal to the program and returns its exit code" "waiting SIG$signal $expected" \
    "$(tr '\n' ' ' <"$scratch/waiting")$code"
done

# An old Deno on PATH, and neither npm nor curl to get another.
mkdir "$scratch/old" "$scratch/few"
printf '#!/bin/sh\necho "deno 2.8.3 (stable, release, x86_64-unknown-linux-gnu)"\n' >"$scratch/old/deno"
chmod +x "$scratch/old/deno"
for tool in sh env awk sed head dirname readlink mkdir cat ls cksum id uname mktemp mv rm find grep flock; do
  path=$(command -v $tool) && ln -s "$path" "$scratch/few/$tool"
done
rm -rf "$project/.deno"
check "reports that it cannot get Deno" \
  "vqray: Deno 2.9 or a later 2.x is needed, and neither npm nor curl is there to get it [1]" \
  "$(outcome env -i PATH="$scratch/old:$scratch/few" HOME="$scratch" "$project/vqray" fmt)"
mkdir -p "$project/.deno/bin"
cp "$deno" "$project/.deno/bin/deno"
mkdir -p "$project/.deno/cache/npm"
check "uses the project's own Deno and cache if the one on PATH is too old" "$project/.deno/cache" \
  "$(env -i PATH="$scratch/old:$scratch/few" HOME="$scratch" "$project/vqray" fmt \
    'console.log(Deno.env.get("DENO_DIR"))' 2>/dev/null)"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
