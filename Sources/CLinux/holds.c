#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int clinux_thaw(int fd) { return ioctl(fd, FITHAW, 0) < 0 ? -errno : 0; }

int clinux_resume_mapper(const char *name)
{
    struct dm_ioctl request;
    memset(&request, 0, sizeof request);
    if (strlen(name) >= sizeof request.name) return -ENAMETOOLONG;
    request.version[0] = DM_VERSION_MAJOR;
    request.data_size = sizeof request;
    strcpy(request.name, name);
    int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -errno;
    int result = ioctl(control, DM_DEV_SUSPEND, &request) < 0 ? -errno : 0;
    close(control);
    return result;
}
