extension EmptyObject: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {}
}

extension ContainerConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("ArgsEscaped", ifThere: argsEscaped)
        writer.member("AttachStderr", attachStderr)
        writer.member("AttachStdin", attachStdin)
        writer.member("AttachStdout", attachStdout)
        writer.member("Cmd", ifThere: cmd)
        writer.member("Domainname", ifThere: domainname)
        writer.member("Entrypoint", ifThere: entrypoint)
        writer.member("Env", ifThere: env)
        writer.member("ExposedPorts", ifThere: exposedPorts)
        writer.member("Healthcheck", ifThere: healthcheck)
        writer.member("Hostname", ifThere: hostname)
        writer.member("Image", image)
        writer.member("Labels", ifThere: labels)
        writer.member("MacAddress", ifThere: macAddress)
        writer.member("NetworkDisabled", ifThere: networkDisabled)
        writer.member("OnBuild", ifThere: onBuild)
        writer.member("OpenStdin", openStdin)
        writer.member("Shell", ifThere: shell)
        writer.member("StdinOnce", stdinOnce)
        writer.member("StopSignal", ifThere: stopSignal)
        writer.member("StopTimeout", ifThere: stopTimeout)
        writer.member("Tty", tty)
        writer.member("User", ifThere: user)
        writer.member("Volumes", ifThere: volumes)
        writer.member("WorkingDir", ifThere: workingDir)
    }
}

extension HealthConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Interval", ifThere: interval)
        writer.member("Retries", ifThere: retries)
        writer.member("StartInterval", ifThere: startInterval)
        writer.member("StartPeriod", ifThere: startPeriod)
        writer.member("Test", ifThere: test)
        writer.member("Timeout", ifThere: timeout)
    }
}
