# Watches over the folder of one server, and removes both once nobody has held the lock for some seconds.
#
# $1 the server's folder; $2 the lock that whoever uses the server holds, shared; $3 how many seconds nobody may hold
# it; $4 a file that says where the server is, removed with it. Whoever finds that file while he holds the lock can rely
# on the server: it is stopped under the lock alone. The folder's own lock says that somebody watches over it.
folder=$1 lock=$2 grace=$3 state=$4

stop() {
    # A container that cannot be removed now is swept by whoever starts the next one, once the folder is gone.
    [ ! -f "$folder/container" ] || docker rm --force --volumes "$(cat "$folder/container")" >/dev/null
    for file in "$folder"/data/postmaster.pid "$folder"/pgbouncer.pid "$folder"/emulator.pid; do
        [ -f "$file" ] || continue
        read -r process < "$file"
        # A number may have gone to another process since: the server's own lives in its folder.
        if [ -d /proc/self ]; then
            case $(readlink "/proc/$process/cwd") in "$folder"*) ;; *) continue ;; esac
        fi
        # An emulator has nothing to put in order, and to Java QUIT is a question.
        case $file in */emulator.pid) kill -KILL "$process" 2>/dev/null ;; esac
        kill -QUIT "$process" 2>/dev/null
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.3
        done
        kill -KILL "$process" 2>/dev/null
    done
}

# Locks and pipes of whoever started the tests: a watcher goes on after they have ended.
exec 3>&- 4>&- 5>&- 6>&- 7>&-
exec 8>>"$folder/watched" 9>>"$lock"
flock --exclusive 8
idle=0
while [ -d "$folder" ]; do
    if flock --nonblock --exclusive 9; then
        if [ "$idle" -ge "$grace" ]; then
            [ -z "$state" ] || rm -f "$state"
            stop
            rm -rf "$folder"
            exit 0
        fi
        flock --unlock 9
        idle=$((idle + 1))
    else
        idle=0
    fi
    # Without the locks, which it would hold when this is killed.
    sleep 1 8>&- 9>&-
done
