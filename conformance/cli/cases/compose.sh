# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# docker-compose 1.29.

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

case_services_find_each_other() {
    cat >docker-compose.yml <<'YAML'
version: "3.7"
services:
  web:
    image: busybox
    command: ["sh", "-c", "mkdir -p /w; echo hello >/w/index.html; trap 'exit 0' TERM; httpd -f -p 80 -h /w & wait $$!"]
    ports: ["18080:80"]
  client:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $$!; done"]
    depends_on: [web]
    networks: {default: {aliases: [customer]}}
YAML
    quietly up -d
    docker network ls --format '{{.Name}} {{.Driver}}' | sort
    within 10 docker exec case_client_1 wget -qO /dev/null http://web/
    for name in web case_web_1; do t docker exec case_client_1 wget -qO- "http://$name/"; done
    within 10 docker exec case_web_1 ping -c 1 -q customer
    docker exec case_web_1 ping -c 1 -q customer | grep -c ' 0% packet loss'
    docker port case_web_1 80/tcp | head -n 1
    quietly up -d --scale client=3
    docker ps --format '{{.Names}}' | sort
    for number in 1 2 3; do t docker exec "case_client_$number" wget -qO- http://web/; done
    quietly stop
    docker ps -a --format '{{.Names}} {{.State}}' | sort
    quietly start
    within 10 docker exec case_client_1 wget -qO /dev/null http://web/
    quietly down
    docker ps -aq; docker network ls --format '{{.Name}}' | sort
}

case_networks_of_ones_own() {
    cat >docker-compose.yml <<'YAML'
version: "3.7"
services:
  web:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $$!; done"]
    networks: {front: {ipv4_address: 10.212.1.7}, back: {}}
  db:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $$!; done"]
    networks: [back]
networks:
  front: {ipam: {config: [{subnet: 10.212.1.0/24}]}}
  back: {internal: true, ipam: {config: [{subnet: 10.212.2.0/24}]}, labels: {role: back}}
YAML
    quietly up -d
    docker network ls --format '{{.Name}} {{.Internal}}' | sort
    docker inspect --format '{{.NetworkSettings.Networks.case_front.IPAddress}}' case_web_1
    docker network inspect --format '{{.Internal}} {{.Labels.role}} {{(index .IPAM.Config 0).Subnet}} {{len .Containers}}' case_back
    docker exec case_web_1 ip addr | grep -c 'inet 10.212'
    within 10 docker exec case_db_1 ping -c 1 -q web
    docker exec case_db_1 ping -c 1 -q web | grep -c ' 0% packet loss'
    says 'active endpoints' docker network rm case_back
    quietly down
    docker network ls --format '{{.Name}}' | sort
}
