# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# docker-compose 1.29, without networks of its own.

# It takes the newest version there is, and then needs what went with 1.45 (KeyError: 'ContainerConfig'), as with Docker from
# 25 on. An older engine is asked for what it has.
newest=$(docker version --format '{{.Server.APIVersion}}')
COMPOSE_API_VERSION=$(printf '%s\n1.44\n' "$newest" | sort -V | head -n 1)
export COMPOSE_API_VERSION

project() {
    cat >docker-compose.yml <<'YAML'
version: "3.7"
services:
  web:
    image: busybox
    network_mode: none
    command: ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo serving $$NAME; while :; do sleep 1 & wait $$!; done"]
    environment: {NAME: first}
    labels: {role: web}
    volumes: ["data:/data", "./host:/host:ro"]
    healthcheck: {test: ["CMD", "test", "-e", "/bin/sh"], interval: 1s}
    stop_grace_period: 5s
  job:
    image: busybox
    network_mode: none
    command: ["sh", "-c", "echo working; exit 3"]
    depends_on: [web]
volumes:
  data: {}
YAML
    mkdir -p host && echo text >host/file
}

compose() { docker-compose --project-name case --ansi never "$@"; }
quietly() { q compose "$@"; }

case_up_and_down() {
    project
    quietly up -d
    docker ps -a --format '{{.Names}} {{.Image}}' | sort
    within 10 logged case_web_1 serving
    docker inspect --format '{{.HostConfig.NetworkMode}} {{index .Config.Labels "com.docker.compose.service"}} {{.Config.Labels.role}}' case_web_1
    docker volume ls -q
    compose logs --no-color web | sed -n 's/ *| / | /p'
    compose ps -q | wc -l
    compose ps --services
    within 10 is case_job_1 exited
    state case_job_1
    quietly down -v
    docker ps -aq; docker volume ls -q
}

case_exec_and_run() {
    project
    quietly up -d web
    t compose exec -T web cat /host/file
    t compose exec -T -e A=1 -u user web sh -c 'echo $A; id -u; exit 4'
    compose run --rm -T job echo ran 2>/dev/null
    compose run --rm -T job sh -c 'exit 5' 2>/dev/null; echo "[$?]"
    compose top web | sed -n '2p' | tr -s ' ' | cut -d' ' -f2,8-
    quietly down -v
}

case_stop_start_restart() {
    project
    quietly up -d web
    within 10 logged case_web_1 serving
    quietly stop web
    state case_web_1
    quietly start web
    quietly restart -t 5 web
    quietly pause web
    state case_web_1
    quietly unpause web
    quietly kill -s KILL web
    state case_web_1
    quietly rm -f web
    docker ps -aq
    quietly down -v
}

case_changes_are_applied() {
    project
    quietly up -d web
    first=$(docker inspect --format '{{.Id}}' case_web_1)
    quietly up -d web
    [ "$first" = "$(docker inspect --format '{{.Id}}' case_web_1)" ] && echo 'the same container'
    sed -i 's/NAME: first/NAME: second/' docker-compose.yml
    quietly up -d web
    [ "$first" = "$(docker inspect --format '{{.Id}}' case_web_1)" ] || echo 'another container'
    within 10 logged case_web_1 'serving second'
    quietly up -d --scale web=3 web
    docker ps --format '{{.Names}}' | sort
    quietly down -v
}

case_up_attached() {
    project
    timeout 20 docker-compose --project-name case --ansi never up --abort-on-container-exit --exit-code-from job 2>/dev/null | grep -cE 'working|serving first'
    echo "[${PIPESTATUS[0]}]"
    quietly down -v
}
