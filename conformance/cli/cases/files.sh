# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# cp, diff, export, import, commit, save, load, tag, history.

case_copy_in() {
    start_polite cc
    mkdir -p tree/sub && echo a >tree/a && echo b >tree/sub/b && ln -s a tree/link && chmod 640 tree/a
    q docker cp tree/a cc:/tmp/
    q docker cp tree/a cc:/tmp/renamed
    q docker cp tree cc:/tmp/
    q docker cp tree cc:/tmp/newname
    q docker cp tree/. cc:/tmp/contents_missing
    t docker exec cc sh -c 'cd /tmp && find . | sort && cat a renamed newname/sub/b && readlink tree/link && stat -c %a tree/a'
    says 'no such directory' docker cp tree/a cc:/nosuch/
    fails docker cp tree cc:/tmp/a
    fails docker cp nosuch cc:/tmp
    says 'No such container' docker cp tree nobody:/tmp
}

case_copy_out() {
    q run --name cc busybox sh -c 'mkdir -p /d/sub; echo a >/d/a; echo b >/d/sub/b; ln -s a /d/link; ln -s /d /l'
    q docker cp cc:/d out
    find out | sort
    q docker cp cc:/d/a file; cat file
    q docker cp cc:/d/. contents; find contents | sort
    q docker cp cc:/d/link link; readlink link
    q docker cp -L cc:/d/link followed; cat followed
    q docker cp cc:/l/a through; cat through
    says 'Could not find' docker cp cc:/nosuch x
    docker cp cc:/d/a - | tar -tvf - | awk '{ print $1, $NF }'
    docker cp cc:/d - | tar -tf - | sort
}

case_copy_with_tar_streams() {
    q docker create --name cc busybox true
    mkdir t && echo x >t/x
    tar -cf - t | q docker cp - cc:/tmp
    docker cp cc:/tmp/t/x - | tar -xOf -
    echo 'no tar' | fails docker cp - cc:/tmp
}

case_copy_into_volumes() {
    q docker create --name cc --network none -v vol:/data -v /anon busybox cat /data/x
    echo text >x
    q docker cp x cc:/data/x
    q docker cp x cc:/anon/x
    q docker cp cc:/anon/x y; cat y
    t docker start -a cc
    mkdir host
    q docker create --name bb -v "$PWD/host:/host" busybox true
    q docker cp x bb:/host/
    cat host/x
    q docker create --name ro -v "$PWD/host:/host:ro" busybox true
    fails docker cp x ro:/host/
    q docker create --name rootro --read-only busybox true
    fails docker cp x rootro:/
}

case_copy_owner() {
    echo x >x; chown 7:8 x
    q docker create --name cc busybox true
    q docker cp x cc:/plain
    q docker cp -a x cc:/archive
    for f in plain archive; do docker cp cc:/$f - | tar --numeric-owner -tvf - | awk '{ print $2, $NF }'; done
}

case_diff() {
    q run --name dd busybox sh -c 'touch /new; rm /etc/passwd; echo x >>/etc/group; mkdir -p /a/b; touch /a/b/c'
    docker diff dd | sort
    q docker create --name unchanged busybox true
    t docker diff unchanged
    says 'No such container' docker diff nobody
}

case_export_and_import() {
    q run --name ee busybox sh -c 'echo x >/new'
    docker export ee | tar -tf - | grep -E '^(new|bin/sh|etc/passwd)$' | sort
    q docker export -o e.tar ee
    docker import --change 'CMD ["cat", "/new"]' --message imported e.tar imported:1 | grep -c sha256
    t run --rm imported:1
    docker history --format '{{.Comment}} {{.CreatedBy}}' imported:1
    fails docker import nosuch.tar x
}

case_commit() {
    q run --name cc busybox sh -c 'echo x >/new'
    docker commit --author me --message 'what for' --change 'CMD ["cat", "/new"]' --change 'ENV A=b' --change 'LABEL l=m' --change 'EXPOSE 80' --change 'USER user' --change 'WORKDIR /tmp' cc made:1 | grep -c sha256
    t run --rm made:1
    t docker inspect --format '{{json .Config.Cmd}} {{.Config.Labels}} {{.Config.ExposedPorts}} {{.Config.User}} {{.Config.WorkingDir}} {{.Author}} {{.Comment}}' made:1
    t docker inspect --format '{{json .Config.Env}}' made:1
    docker history --format '{{.CreatedBy}}|{{.Comment}}' made:1 | head -n 1
    start_polite pp
    docker commit pp | grep -c sha256
    docker commit -p=false pp second | grep -c sha256
    t docker inspect --format '{{.State.Status}}' pp
    fails docker commit --change 'NONSENSE x' pp
    says 'No such container' docker commit nobody
}

case_save_and_load() {
    q docker tag busybox one:1
    q docker tag busybox two:2
    q docker save -o both.tar one:1 two:2
    tar -tf both.tar | grep -c manifest.json
    q docker rmi one:1 two:2
    t docker load -i both.tar
    docker images --format '{{.Repository}}:{{.Tag}}' | sort
    docker save busybox | gzip >b.tar.gz
    t docker load -i b.tar.gz
    docker load -q <both.tar
    echo 'no tar' >bad; fails docker load -i bad
    fails docker save -o x.tar nosuch
}

case_tag_and_remove() {
    t docker tag busybox other
    t docker tag busybox registry.example:5000/team/app:v1
    docker images --format '{{.Repository}} {{.Tag}}' | sort
    t docker rmi other
    says 'No such image' docker rmi other
    says 'invalid' docker tag busybox 'Not:Valid:x'
    says 'No such image' docker tag nosuch x
    t docker rmi registry.example:5000/team/app:v1
    start_polite pp
    says 'is using' docker rmi busybox
    id=$(docker images -q busybox)
    says 'cannot be forced' docker rmi -f "$id"
}

case_history() {
    q run --name cc busybox sh -c 'echo x >/new'
    q docker commit --change 'ENV A=b' cc made
    docker history made | sed -n 1p
    docker history -q made | wc -l
    docker history --format '{{.Comment}}|{{.Size}}' made | tail -n 1 | sed 's/|.*MB/|SIZE/'
    says 'No such image' docker history nosuch
}
