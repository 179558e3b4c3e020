import APITypes
import Diagnosis
import Engine
import NIOHTTP1

extension API {
    var doctorRoutes: [Route] {
        [
            Route(.GET, "/quell/v1/doctor") { call in
                try await call.answer(.ok, json: DoctorReport(try await engine.checkUp()))
            }
        ]
    }
}
